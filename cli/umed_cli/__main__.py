"""`python -m umed_cli`, which `accelerate launch -m umed_cli train sft ...` needs."""

from umed_cli.main import main

if __name__ == "__main__":
    main()
