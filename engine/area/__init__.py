"""Area and accuracy of a class map from a probability sample, never from counted pixels alone."""
