"""The pages: what a person opens in a browser. Server-rendered, every page a URL, no script needed."""
