"""Words about durations."""


def human(seconds):
    minutes, seconds = divmod(seconds, 60)
    return f"{minutes} min {seconds} s"
