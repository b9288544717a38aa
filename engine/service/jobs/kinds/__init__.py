"""Kinds of jobs, one module each; a new one is a module here and a line in the registry."""
