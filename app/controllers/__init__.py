"""Between session, engine and panels: each asks for what its panel shows, and shows what comes."""
