"""A container that asks a weather service every half hour and puts what is new into a stream."""
