"""The published run over HTTP; see `icp-engine serve`."""
