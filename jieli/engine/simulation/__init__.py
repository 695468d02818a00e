"""What a process does before it is live: played with a script, explored, or tested. Pure."""
