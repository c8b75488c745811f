# SPDX-License-Identifier: Apache-2.0
"""Tables over several runs as pandas DataFrames; imported where pandas is installed."""

import pandas

from . import table


class MeanFrame(pandas.DataFrame):
    """A DataFrame that prints a mean and its spread as one column; what is made of it is a plain DataFrame."""

    def __str__(self):
        return table.table_text({name: self[name].tolist() for name in self.columns})


class RunFrame(MeanFrame):
    """What open_runs() gives: a DataFrame of a row a run."""

    @property
    def _constructor(self):  # pandas: a selection of runs is a RunFrame, too
        return RunFrame

    def __str__(self):
        return super().__str__() if "status" in self.columns else self.to_string()

    def over_seeds(self):
        """As table.RunTable.over_seeds(), as a DataFrame."""
        return MeanFrame(table.over_seeds({name: self[name].tolist() for name in self.columns}))
