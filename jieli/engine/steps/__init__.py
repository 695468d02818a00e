"""What each kind of step does when it is entered, answered or its time comes. Pure."""
