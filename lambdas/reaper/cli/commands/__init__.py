"""The subcommands, one module each, each with its ``command``: they parse, call and render, nothing more."""
