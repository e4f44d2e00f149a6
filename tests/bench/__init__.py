"""Budgets, measured: `python -m tests.bench [reconcile|serving]` writes build/bench/<name>.json."""
