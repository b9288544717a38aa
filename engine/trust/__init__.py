"""How far to trust a prediction: conformal intervals and sets, applicability, errors of sums."""
