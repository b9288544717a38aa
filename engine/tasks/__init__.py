"""What a person asks for, from a store to files: the same for the command line and for jobs of the service."""
