"""The throw-away MIT realm behind `kerbauth demo` and the tests. For real users there is a real KDC."""
