-- Gives the doubtful events the texts that bronze, or the archive, has of them.
update source.doubtful
set value = texts.value
from ({texts}) as texts
where
    doubtful.topic = texts.topic
    and doubtful.partition = texts.partition
    and doubtful."offset" = texts."offset"
