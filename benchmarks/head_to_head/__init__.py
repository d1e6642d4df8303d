"""The fixed workload, engine against engine, in one run: ``make head-to-head``.

Every engine is a program of its own that runs a workload file of ../shared/tools/yardsticks and prints one line of
JSON. They take turns, round by round, on one pinned core. What an engine says it computed is compared with an
independent simulation before its time counts.

Modules: ``cases`` makes the workloads, ``expected`` simulates them, ``child`` runs a program, ``environments`` makes
the peers' virtual environments, ``yardsticks``, ``peer_engines`` and ``tarry_engine`` know one kind of engine each,
``figures`` checks and sums up, ``peers/`` is what runs inside the peers' environments.
"""
