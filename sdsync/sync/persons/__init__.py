"""What a person does by hand: steer, choose, edit, replay, let be."""
