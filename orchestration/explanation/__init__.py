"""How a number came about: the rows behind it, out of the warehouse and into words."""
