"""Connected prose for the long recordings of `long_files.py`: nothing that a recogniser would write in digits
or in several ways."""

from __future__ import annotations

ENGLISH = """\
Welcome back to the course on the history of bread. Last week we looked at the first ovens, which were little
more than holes in the ground, lined with clay and covered with a flat stone. Today I want to talk about
yeast, about the people who kept it alive, and about the reasons why a baker in the country worked in a very
different way from a baker in the city.

Nobody knows who discovered that dough rises when it is left alone in a warm place. The usual story is that
somebody forgot a bowl of porridge near the fire, and found it the next morning full of bubbles. It is a nice
story, and it may even be true, but it must have happened many times in many places, because wild yeast lives
on the skin of every grain. What mattered was the second step. Somebody kept a spoonful of the old dough and
mixed it with the new flour, and so the same yeast went on from day to day, from mother to daughter, sometimes
for longer than anybody could remember.

In the villages the oven belonged to everybody. It was heated once a week with dry branches from the forest,
and each family had its own hour. The first families got the strongest heat and baked their large loaves; the
last ones used what was left for cakes and for drying apples. People marked their bread with a sign, so that
nobody took home the wrong loaf, and there were quarrels all the same. If you walk through the old villages in
the mountains, you can still see these ovens, usually beside the well, with a roof of wood and a bench along
the wall, where the women sat and waited and exchanged the news.

In the city everything was different. There was no room for an oven in the narrow houses, and the fear of fire
was so great that only bakers were allowed to heat one. They got up in the middle of the night, and in the
morning their apprentices carried the warm bread through the streets. The council decided what a loaf had to
weigh and what it could cost, and a baker who cheated was put in a basket and dipped into the river while the
whole town watched. I have read the letters of a baker who complained that the flour was wet, the wood was
expensive, the customers were rude and the nights were too short, and I must say that my own baker tells me
exactly the same.

Let me come back to the yeast. Brewers had it, too, and they had more of it than they needed, so the bakers
bought it from them in buckets. This made the bread lighter and sweeter, and rich people liked it, but the
doctors warned everybody against it. They said that it was dirty, that it came from bad water, and that it
would harm the stomach. The argument lasted for years, and learned men wrote long books about it, while the
customers simply went on eating what tasted better. In the end the new bread won, and the old sour dough was
forgotten in the city, until our own grandparents began to look for it again.

Before we finish, please remember that there is no lecture next week, because the hall is being painted. Read
the chapter about mills instead, and bring a question about it. Those of you who want to visit the bakery
should write their names on the list beside the door. We will meet at the station, we will take the early
train, and I promise that there will be enough breakfast for everybody."""
"""About four minutes, in paragraphs."""

CHINESE = """\
各位听众朋友，大家晚上好，欢迎收听今天的节目。最近很多朋友给我们写信，说想了解茶叶的故事，所以今天我们请来了一位老茶农，和大家聊聊他的生活。

我的家乡在南方的山里，那里常年有雾，雨水很多，土地也很肥沃。我的爷爷种茶，我的父亲也种茶，我从小就跟着他们上山采茶。春天是最忙的时候，天还没有亮，全村的人就背着竹篮出门了。采茶要用手指轻轻地把嫩芽摘下来，不能用指甲掐，因为伤口会变红，茶叶就不好看了。

采回来的茶叶要先摊开晾一晾，让水分慢慢地散掉，然后放进大铁锅里炒。炒茶是最难的工作，锅很烫，手却不能停，火太大了茶叶会焦，火太小了又没有香味。我父亲的手上全是老茧，他从来不用温度计，只要把手放在锅的上面，就知道火候够不够。我学了很多年，才慢慢地明白他说的那句话：茶叶会告诉你它需要什么。

后来村里的年轻人都去城里打工了，山上的茶园没有人管，长满了野草。那几年我也想过离开，可是每次走到村口，看见那些老茶树，我就舍不得。有一天，一位大学老师带着学生来我们村做调查，他们喝了我炒的茶，都说特别香。他们帮我拍了照片，写了文章，还教我怎么在网上卖茶叶。没想到一个月以后，就有很远的客人打电话来，说要买我们的茶。

现在我们村又热闹起来了。很多年轻人回来了，有的开了民宿，有的做了导游，有的跟着我学炒茶。每年春天，都有游客来山里住几天，跟我们一起采茶，一起做饭，晚上坐在院子里看星星。他们常常问我，什么样的茶才是好茶。我总是说，贵的茶不一定好，自己喜欢的才是好茶。水要干净，杯子要热，心要静，这样泡出来的茶，味道一定不会差。

有一位客人给我留下了很深的印象。他是一位退休的医生，年轻的时候在我们这里工作过。他说，那时候路不好走，他常常要翻过两座山去看病人，病人家里很穷，没有钱付药费，就给他泡一碗热茶。他喝了一辈子的茶，可是再也没有喝过那么香的。他坐在我家门口，喝了一口我泡的茶，很久都没有说话，后来他笑着说，就是这个味道。

谢谢您的分享，听了您的故事，我也想马上去山里看一看了。茶不只是一种饮料，里面还有人的感情和时间的味道。今天的节目就到这里，如果您也有关于茶的故事，欢迎给我们写信。祝大家晚安，我们明天同一时间再见。

听众朋友们，欢迎回来。接下来我们换一个话题，说一说城里的小书店。这家书店开在一条老街上，门口有一棵很大的银杏树，秋天的时候，满地都是金黄的叶子。店主是一对夫妻，丈夫负责选书，妻子负责做咖啡，店里还有一只懒洋洋的黑猫，每天下午都睡在窗台上。

他们告诉我，开书店并不容易。房租一年比一年贵，很多人喜欢在手机上看书，有时候一整天也卖不出几本。可是他们从来没有想过关门，因为总有一些老顾客，下了班一定要来坐一坐。有一个小男孩，从上小学的时候就在这里看书，后来考上了外地的大学，放假回来的第一件事，就是来书店跟那只黑猫打招呼。

去年冬天下了一场大雪，路上几乎没有人。他们以为不会有客人来，正打算早点儿关门，忽然有一位老太太推门进来，问有没有一本很旧的诗集。丈夫在书架上找了半天，终于在最下面的角落里找到了。老太太翻开书，眼泪就掉了下来，她说这是她和丈夫第一次见面的时候一起读的书，原来的那一本在搬家的时候弄丢了，她找了很多很多年。

夫妻俩没有收她的钱，只请她把书里最喜欢的一首诗念给大家听。那天晚上，店里只有几个人，外面的雪一直在下，炉子上的水慢慢地开了，大家都安静地听着。妻子对我说，就是因为有这样的晚上，他们才愿意一直把这家店开下去。

好了，今天的书店故事就讲到这里。如果您也认识这样的小店，请把它的名字告诉我们，下个星期我们会去拜访其中的一家。天气越来越冷了，请大家出门的时候多穿一件衣服，路上注意安全。感谢您的收听，再见。"""
"""About five and a half minutes, in paragraphs."""
