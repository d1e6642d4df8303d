"""Training, fine-tuning with quantised parameters, recipes; needs the extra ``tarry[train]``."""

from tarry._optional import extra

with extra("train", needed_by="tarry.train"):
    from tarry.train._fine_tune import FineTuned as FineTuned
    from tarry.train._fine_tune import fine_tune as fine_tune
    from tarry.train._fit import evaluate as evaluate
    from tarry.train._fit import fit as fit
    from tarry.train._history import History as History
    from tarry.train._recipes import Recipe as Recipe
    from tarry.train._recipes import recipe as recipe

__all__ = ["FineTuned", "History", "Recipe", "evaluate", "fine_tune", "fit", "recipe"]
