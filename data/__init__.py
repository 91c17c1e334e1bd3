"""Readers of the corpora that yaowen is trained and evaluated on (one module a data set; see README.md here)."""
