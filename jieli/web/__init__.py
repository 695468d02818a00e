"""The pages behind the links and the staff pages: turns forms into events, decides nothing."""
