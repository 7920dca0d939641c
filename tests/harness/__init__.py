"""What the integration, interop, torture and bench programs share: instances of the real binary, their clients, and
foreign tools. Standard library only."""
