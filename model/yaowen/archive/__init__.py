"""Documents by the million: sources → pages → shards → workers → sinks, so that a job can be cut off and go on."""
