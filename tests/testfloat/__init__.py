"""Berkeley TestFloat as a guest program: floating point against SoftFloat, flags included."""
