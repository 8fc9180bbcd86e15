"""Workers begin without what they do not need."""

import subprocess
import sys

SCRIPT = """
import sys
from timeline import engine
engine.without_pandas()
import pyarrow as pa
pa.array(["a", None])
assert "pandas" not in sys.modules, "still loaded by Arrow"
import pandas as pd
found = pa.table({"a": [1.5, None]}).to_pandas()
assert isinstance(found, pd.DataFrame) and found["a"].isna().tolist() == [False, True]
assert engine._NoPandas not in sys.meta_path
print("as before")
"""


def test_pandas_is_not_loaded_by_workers_but_can_be() -> None:
    run = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert run.stdout == "as before\n"
