from .utils import human
