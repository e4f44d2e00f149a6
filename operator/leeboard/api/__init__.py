"""What a user may say: the three kinds, their names, conditions and reasons, and the CRDs generated from them."""
