"""How the domain's APIs are asked; a declaration names one of these."""
