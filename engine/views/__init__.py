"""Pictures of stores and acquisitions."""
