"""Training and evaluation of representation models."""
