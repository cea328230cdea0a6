from .profile import Profile as Profile
from .records import Submission as Submission
from .submitter import Submitter as Submitter
