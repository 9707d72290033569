"""Read a published run."""
