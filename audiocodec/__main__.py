"""`python -m audiocodec`."""

from audiocodec.cli import main

if __name__ == "__main__":
    main()
