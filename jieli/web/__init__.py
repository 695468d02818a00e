"""The pages behind the links and the staff pages: shows cases, turns forms into events, decides nothing."""
