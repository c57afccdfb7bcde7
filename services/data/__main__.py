"""`python -m services.data`"""

from libs.shared.runtime import run
from services.data.service import SERVICE

if __name__ == "__main__":
    run(SERVICE)
