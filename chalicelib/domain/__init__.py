"""The values that the app speaks in: meetings, desktops, records, actions, writes. Imports nothing but itself."""
