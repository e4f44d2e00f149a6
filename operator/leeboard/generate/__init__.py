"""What is generated from the code: CRDs, the API reference and whatever else is listed in ``generators``."""
