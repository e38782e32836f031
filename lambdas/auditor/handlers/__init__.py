"""Edge: one module for each Lambda function, wiring only."""
