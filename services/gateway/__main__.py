"""`python -m services.gateway`"""

from libs.shared.runtime import run
from services.gateway.service import SERVICE

if __name__ == "__main__":
    run(SERVICE)
