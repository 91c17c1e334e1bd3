"""How far an extractor can be trusted: scores, calibration, robustness, comparison, and the report of them."""
