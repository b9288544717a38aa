"""How good a probe is: schemes of hold-out, scores, baselines, leaks, and the report."""
