"""Brings messages to people: links, channels and their delivery. Never decides who is told what."""
