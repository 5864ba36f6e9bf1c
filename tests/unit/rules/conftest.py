"""Lets the table's own assertions show what they compared, as those of a test file do."""

import pytest

pytest.register_assert_rewrite("tests.unit.rules.table")
