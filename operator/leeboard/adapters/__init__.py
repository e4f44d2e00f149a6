"""How the world is reached: one third-party library a package, each translating its errors into leeboard.errors."""
