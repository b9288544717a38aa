"""Area estimates from a probability sample (Olofsson et al. 2014, Stehman 2014)."""
