"""How far to trust yaowen: scores, benchmarks and the figures that documents are rendered from."""
