"""Training, fine-tuning with quantised parameters, recipes; needs the extra ``tarry[train]``."""

from tarry._optional import extra

with extra("train", needed_by="tarry.train"):
    from tarry.train._fit import evaluate as evaluate
    from tarry.train._fit import fit as fit
    from tarry.train._history import History as History

__all__ = ["History", "evaluate", "fit"]
