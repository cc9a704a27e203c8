# SPDX-License-Identifier: Apache-2.0
"""Puts tests/support on the path; imported first."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
