"""The data plane of Leeboard: what runs inside users pods."""
