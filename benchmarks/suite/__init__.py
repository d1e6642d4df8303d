"""Benchmarks by commit: ``make asv`` for a smoke run, ``asv run`` in benchmarks/ for a history.

Everything is seeded; every ``setup`` checks an answer before anything is timed. ``time_`` is speed, ``track_`` counts
and bytes, which must not move without a reason.
"""
