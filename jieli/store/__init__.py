"""The only SQL of Jieli: where cases stand, what is to be done, who may do it."""
