"""Whether a model is trained again: who asks for it, what speaks against it, and what is remembered."""
