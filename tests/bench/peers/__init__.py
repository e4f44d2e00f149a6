"""Other model servers, as their users run them."""
