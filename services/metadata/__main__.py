"""`python -m services.metadata`"""

from libs.shared.runtime import run
from services.metadata.service import SERVICE

if __name__ == "__main__":
    run(SERVICE)
