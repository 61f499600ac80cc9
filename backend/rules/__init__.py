"""What every feature asks: who calls, may they, is there room, and write it down."""
